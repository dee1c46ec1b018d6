// Asks a form action of the app for the address of a socket, as SvelteKit's own forms do.

/** There is no address. */
export class UrlRefused extends Error {
	override readonly name = 'UrlRefused';
	/** Whether the app refused it, and would again. */
	readonly isFinal: boolean;

	constructor(message: string, isFinal: boolean) {
		super(message);
		this.isFinal = isFinal;
	}
}

/** What SvelteKit answers, whichever way the action went. */
interface ActionResult {
	type: 'success' | 'failure' | 'redirect' | 'error';
	status?: number;
	/** Flat, as devalue writes it. */
	data?: string;
	error?: { message?: string };
}

/**
 * Runs an action that returns `{ url }`.
 * @param action as a form names it: `?/ws`, `/reports?/ws`
 * @throws {UrlRefused}
 */
export async function askAction(action: string): Promise<string> {
	const response = await fetch(action, {
		method: 'POST',
		headers: { accept: 'application/json', 'x-sveltekit-action': 'true' },
		body: new FormData()
	});
	const result = await resultOf(response);
	if (result.type === 'success') return urlIn(result.data);
	const status = result.status ?? response.status;
	const why = result.error?.message ?? `the action "${action}" answered with ${result.type} (${status})`;
	throw new UrlRefused(why, status < 500);
}

async function resultOf(response: Response): Promise<ActionResult> {
	try {
		return (await response.json()) as ActionResult;
	} catch {
		const { status } = response;
		throw new UrlRefused(`the server answered with ${status}`, status >= 400 && status < 500);
	}
}

/** The value of `url`. Flat data is a list of values; the fields of its first one say where theirs are. */
function urlIn(data: string | undefined): string {
	const values = JSON.parse(data ?? 'null') as unknown;
	const [root] = Array.isArray(values) ? (values as [{ url?: number }?]) : [];
	const url = root?.url === undefined ? undefined : (values as unknown[])[root.url];
	if (typeof url === 'string') return url;
	throw new UrlRefused('the action must return { url }', true);
}
