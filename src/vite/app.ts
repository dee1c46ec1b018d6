// What the plugins know of the app they run in: its folders, where its sockets connect, and SvelteKit's options. Read once,
// when Vite has resolved its configuration.

import { resolve } from 'node:path';
import type { ResolvedConfig } from 'vite';
import { isAbsolute, join } from 'node:path/posix';
import { TIDEWIRE_DEFAULTS, type TidewireOptions } from './options.ts';
import type { SourceTree } from './module-id.ts';

/** The part of SvelteKit's options that is used. Kit 2 has them under `kit`, Kit 3 at the top. */
interface KitOptions {
	outDir?: string;
	files?: { src?: string };
	paths?: { base?: string; origin?: string };
}

export class App {
	readonly #path: string;
	#config: ResolvedConfig | undefined;
	#kit: KitOptions = {};
	#isKit2 = false;

	constructor(options: TidewireOptions) {
		this.#path = options.path ?? TIDEWIRE_DEFAULTS.path;
	}

	resolved(config: ResolvedConfig): void {
		this.#config = config;
		const setup = config.plugins.find(({ name }) => name === 'vite-plugin-sveltekit-setup');
		const options = (setup?.api as { options?: KitOptions & { kit?: KitOptions } } | undefined)?.options;
		this.#isKit2 = options?.kit !== undefined;
		this.#kit = options?.kit ?? options ?? {};
	}

	get config(): ResolvedConfig {
		if (!this.#config) throw new Error('tidewire: Vite has not resolved its configuration yet');
		return this.#config;
	}

	get tree(): SourceTree {
		const root = posix(this.config.root);
		return { root, src: below(root, this.#kit.files?.src ?? 'src') };
	}

	/** Where `vite build` leaves SvelteKit's server. */
	get serverOutput(): string {
		return join(below(posix(this.config.root), this.#kit.outDir ?? '.svelte-kit'), 'output/server');
	}

	/** The path of the sockets' URL, with the app's base. */
	get url(): string {
		return `${this.base}${this.#path}`;
	}

	/** The app's base path: empty, or as `/base`. */
	get base(): string {
		return this.#kit.paths?.base ?? '';
	}

	/** The origin that the app is configured to have; undefined where the request tells it. */
	get origin(): string | undefined {
		return this.#kit.paths?.origin;
	}

	/** Whether the app's code asks this process for its live modules, instead of importing them. */
	sharesModuleList = false;

	/** SvelteKit 2 has some of its modules under other names. */
	get isKit2(): boolean {
		return this.#isKit2;
	}

	get isDevelopment(): boolean {
		return this.config.command === 'serve';
	}
}

const posix = (path: string): string => path.replaceAll('\\', '/');

function below(root: string, path: string): string {
	const forward = posix(path);
	return isAbsolute(forward) ? forward : posix(resolve(root, forward));
}
