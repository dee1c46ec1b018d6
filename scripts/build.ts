// `npm run build`: builds the package into dist.
import { build } from './lib/build.ts';

process.exitCode = (await build()) ? 0 : 1;
