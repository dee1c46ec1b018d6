// `tidewire/kit/register`: what the build adds to every live module on the server.

import { runtime } from '../server/runtime.ts';

/**
 * Makes a module's functions known under its id. A module that runs anew replaces its former self.
 * @throws {Error} where an export is no live definition; the former module stays
 */
export function registerModule(moduleId: string, exports: Record<string, unknown>): void {
	runtime().register(moduleId, exports);
}
