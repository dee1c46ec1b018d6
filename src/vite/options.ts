// What `tidewire()` takes, and the defaults.

export interface TidewireOptions {
	/**
	 * Where the browser connects, below the app's base path.
	 * @default '/__live'
	 */
	path?: `/${string}`;
}

export const TIDEWIRE_DEFAULTS: Required<TidewireOptions> = {
	path: '/__live'
};
