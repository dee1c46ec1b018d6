// Nominal types: a branded value is made in one place, after its checks, and accepted only where the brand is asked for.

declare const brand: unique symbol;

export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };
