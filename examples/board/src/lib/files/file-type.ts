// What a file is, by its own bytes: a browser and whoever imitates one may call it anything.

const MAGIC: readonly [type: string, bytes: readonly (number | null)[]][] = [
	['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
	['image/jpeg', [0xff, 0xd8, 0xff]],
	['image/gif', [0x47, 0x49, 0x46, 0x38]],
	['image/webp', [0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50]],
	['application/pdf', [0x25, 0x50, 0x44, 0x46, 0x2d]]
];
const HEAD_BYTES = 12;

/** Control characters that no text has. Tabs, line ends and escapes may be. */
// oxlint-disable-next-line no-control-regex -- they are what this looks for
const NOT_TEXT = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/;

/** Is shown a file piece by piece. */
export class FileType {
	#head: number[] = [];
	#text: TextDecoder | null = new TextDecoder('utf-8', { fatal: true });

	/** Returns whether it may still be a file that can be attached. */
	take(bytes: Uint8Array): boolean {
		this.#head.push(...bytes.subarray(0, HEAD_BYTES - this.#head.length));
		this.#decode(bytes);
		return this.#text !== null || this.#head.length < HEAD_BYTES || this.#magic !== undefined;
	}

	/** The media type of all that was taken; undefined for what cannot be attached. Text is what is valid as text. */
	end(): string | undefined {
		this.#decode();
		return this.#magic ?? (this.#text ? 'text/plain' : undefined);
	}

	get #magic(): string | undefined {
		const isHere = (byte: number | null, index: number) => byte === null || byte === this.#head[index];
		return MAGIC.find(([, bytes]) => bytes.every(isHere))?.[0];
	}

	#decode(bytes?: Uint8Array): void {
		try {
			const text = this.#text?.decode(bytes, { stream: bytes !== undefined }) ?? '';
			if (NOT_TEXT.test(text)) this.#text = null;
		} catch {
			this.#text = null;
		}
	}
}
