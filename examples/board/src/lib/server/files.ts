// Attached files on disk, each under an id that the server made: how people name their files is never a path. A file is
// there under its id once all of it is on the disk.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { filesFolder } from './store.ts';

/** A part of a file that nobody has touched for so long belongs to a process that was killed. */
const ABANDONED_MS = 3_600_000;
const PART = /^[\w-]{18}\.part$/;

/** A file that is on the disk, and not yet anybody's. */
export interface Draft {
	/** In bytes. */
	size: number;
	/** Makes it the file of its id. */
	keep: () => void;
	discard: () => Promise<void>;
}

export class Files {
	readonly #folder: string;

	constructor(folder: string, now: number) {
		this.#folder = folder;
		mkdirSync(folder, { recursive: true });
		for (const name of readdirSync(folder).filter((name) => PART.test(name))) {
			const path = join(folder, name);
			if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) < now - ABANDONED_MS)
				rmSync(path, { force: true });
		}
	}

	/** Writes as fast as the disk takes it, and no faster. Where the bytes end early, nothing stays, and that is thrown. */
	async receive(id: string, chunks: AsyncIterable<Uint8Array>): Promise<Draft> {
		const part = `${this.#pathOf(id)}.part`;
		const discard = () => rm(part, { force: true });
		try {
			const size = await write(part, chunks);
			return { size, keep: () => renameSync(part, this.#pathOf(id)), discard };
		} catch (error) {
			await discard();
			throw error;
		}
	}

	/** Undefined where it is not on this disk. */
	async open(id: string): Promise<{ size: number; stream: ReadableStream } | undefined> {
		const handle = await open(this.#pathOf(id)).catch(() => undefined);
		if (!handle) return undefined;
		const { size } = await handle.stat();
		return { size, stream: Readable.toWeb(handle.createReadStream()) as ReadableStream };
	}

	delete(id: string): Promise<void> {
		return rm(this.#pathOf(id), { force: true });
	}

	#pathOf(id: string): string {
		if (!/^[\w-]{18}$/.test(id)) throw new RangeError(`"${id}" is no id of a file`);
		return join(this.#folder, id);
	}
}

async function write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
	const handle = await open(path, 'wx');
	try {
		let size = 0;
		for await (const bytes of chunks) {
			await handle.writeFile(bytes);
			size += bytes.length;
		}
		await handle.sync();
		return size;
	} finally {
		await handle.close();
	}
}

let opened: Files | undefined;

/** The folder of this process, opened at its first use. */
export function files(): Files {
	opened ??= new Files(filesFolder(), Date.now());
	return opened;
}
