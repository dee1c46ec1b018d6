// Options without what is not there.

/** Leaves out what is undefined, so that it does not hide a default. */
export function defined<Options extends object>(options: Options): Options {
	return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
