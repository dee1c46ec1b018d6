// A script and its digest, by which Redis knows it once it was sent in full.

export interface Script {
	readonly source: string;
	/** In hexadecimal; null until it is computed. */
	sha: string | null;
}

export const script = (source: string): Script => ({ source, sha: null });

/** Computes what is missing. Web Crypto is in every runtime. */
export async function digestAll(scripts: Iterable<Script>): Promise<void> {
	for (const script of scripts) script.sha ??= await sha1(script.source);
}

async function sha1(text: string): Promise<string> {
	const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
