// `npm run fuzz -- [INPUTS] [SEED]`: random input through our receiver of WebSocket frames and that of `ws`, which must hear
// the same. Prints the seeds for which they do not; `-- 1 SEED` shows one of them. @default 1,000,000 inputs
import { compare } from '../test/support/frames/random-input.ts';

const [inputs = 1_000_000, first = 0] = process.argv.slice(2).map(Number);
let different = 0;
for (let seed = first; seed < first + inputs; seed++) {
	const { pieces, ours, theirs } = await compare(seed);
	if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
		different++;
		console.log(
			`seed ${seed}: ${JSON.stringify({ ours, theirs, pieces: pieces.map((piece) => piece.toString('hex')) })}`
		);
	}
}
console.log(`${inputs} inputs, ${different} heard differently`);
if (different > 0) process.exitCode = 1;
