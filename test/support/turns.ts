/** Lets as many promises settle as wait for one another. */
export async function turns(count: number): Promise<void> {
	for (let left = count; left > 0; left--) await Promise.resolve();
}
