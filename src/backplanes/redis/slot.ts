// Which slot of a Cluster a key is in: CRC16 (XMODEM) of its hash tag, as in the specification of Redis Cluster.

const SLOTS = 16_384;

export function slotOf(key: string): number {
	const bytes = new TextEncoder().encode(tagOf(key));
	return crc16(bytes) % SLOTS;
}

function tagOf(key: string): string {
	const start = key.indexOf('{');
	const end = key.indexOf('}', start + 1);
	return start === -1 || end <= start + 1 ? key : key.slice(start + 1, end);
}

function crc16(bytes: Uint8Array): number {
	let crc = 0;
	for (const byte of bytes) {
		crc ^= byte << 8;
		for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
	}
	return crc;
}
