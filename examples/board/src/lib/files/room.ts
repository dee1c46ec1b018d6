// Whether a card and its board have room for another file.
import { LIMITS } from '../model.ts';

/** Why there is no room, as an error says it; undefined where there is. */
export function lackOfRoom(
	used: { files: number; bytes: number },
	size: number
): [code: string, why: string] | undefined {
	if (used.files >= LIMITS.filesOfCard) return ['TOO_MANY_FILES', `A card has at most ${LIMITS.filesOfCard} files.`];
	if (used.bytes + size <= LIMITS.boardBytes) return undefined;
	return ['BOARD_FULL', `The files of a board have at most ${LIMITS.boardBytes / 1024 / 1024} MiB together.`];
}
