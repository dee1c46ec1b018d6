import type { Person } from '#lib/model.ts';

declare global {
	namespace App {
		interface Locals {
			/** Who is signed in; tidewire takes `ctx.user`'s type from here. */
			user?: Person;
			/** When that ends, in milliseconds since the Unix epoch. */
			sessionEndsAt?: number;
		}
	}
}
