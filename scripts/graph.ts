// `npm run graph`: brings the graph of the layers in ARCHITECTURE.md up to date.
import { writeGraph } from './lib/graph.ts';

await writeGraph();
