// A backplane that ends with its process: of one that is over nothing reaches the store.

import { callStore, ForwardedStore } from '../../src/backplanes/shared/forwarded-store.ts';
import type { Backplane } from '../../src/server/backplane.ts';

export function mortal(backplane: Backplane, process: { readonly isOver: boolean }): Backplane {
	const never = new Promise<never>(() => {});
	const store = new ForwardedStore(async (call) => (process.isOver ? never : callStore(backplane.store, call)));
	return new Proxy(backplane, {
		get(target, name) {
			if (name === 'store') return store;
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? (value.bind(target) as unknown) : value;
		}
	});
}
