// Uploads: a call with a file. The client opens it with what it knows of the file, the server says which bytes it wants, and
// the client sends those as binary frames, in order. A client that lost its connection opens it again under the same key.

import type { Call, FileFacts } from './call.ts';
import { readCount, readLength, readList, readText, violation, type Message, type RequestId } from './fields.ts';
import { FIXED_LIMITS, type Limits } from './limits.ts';
import { readArgs, readId, readPath, type Refused } from './request.ts';
import type { ValueText } from './value.ts';

/** Which bytes of a file the server wants. */
export interface Wanted {
	kind: 'wanted';
	id: RequestId;
	/** It has everything before this. */
	from: number;
	/** It takes bytes up to here. */
	until: number;
}

export interface UploadRequest {
	id: RequestId;
	path: string;
	file: FileFacts;
	/** The list of arguments, encoded. */
	args: ValueText;
}

export function encodeUpload({ id, path, file, args }: UploadRequest): string {
	const facts = JSON.stringify([file.key, file.size, file.name, file.type, file.again ? 1 : 0]);
	return `["upload",${id},${JSON.stringify(path)},${facts},${args}]`;
}

export function decodeUpload(message: Message, limits: Limits): Call | Refused {
	readLength(message, 5, 6);
	const id = readId(message);
	const path = readPath(message);
	const file = readFile(['upload', ...readList(message, 3, 'file')]);
	const args = readArgs(message, 4, limits);
	return Array.isArray(args) ? { kind: 'call', id, path, args, file } : args;
}

function readFile(file: Message): FileFacts {
	readLength(file, 6, 6);
	const again = file[5];
	if (again !== 0 && again !== 1) violation('"again" of "upload" must be 0 or 1');
	return {
		key: readText(file, 1, { name: 'key', maxLength: FIXED_LIMITS.callKeyLength }),
		size: readCount(file, 2, 'size'),
		name: readLabel(file, 3, 'name'),
		type: readLabel(file, 4, 'type'),
		again: again === 1
	};
}

/** A text that may be empty. */
function readLabel(file: Message, index: number, name: string): string {
	return file[index] === '' ? '' : readText(file, index, { name, maxLength: FIXED_LIMITS.fileLabelLength });
}

export function encodeWanted({ id, from, until }: Omit<Wanted, 'kind'>): string {
	return `["wanted",${id},${from},${until}]`;
}

export function decodeWanted(message: Message): Wanted {
	readLength(message, 4, 4);
	const id = readId(message);
	return { kind: 'wanted', id, from: readCount(message, 2, 'from'), until: readCount(message, 3, 'until') };
}
