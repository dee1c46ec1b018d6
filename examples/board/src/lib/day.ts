// Dates and times as people read them.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MINUTE_MS = 60_000;

/** `2026-03-31` as “31 Mar 2026”. */
export function dayOf(date: string): string {
	const [year, month, day] = date.split('-');
	return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
}

/** “Today”, “Yesterday”, or the date, of a `YYYY-MM-DD`; `today` is one, too. */
export function nameOfDay(date: string, today: string): string {
	if (date === today) return 'Today';
	return Date.parse(today) - Date.parse(date) === 1440 * MINUTE_MS ? 'Yesterday' : dayOf(date);
}

/** The `YYYY-MM-DD` of a moment, in a time zone or the reader's own. */
export function dateOf(at: number, zone: string | undefined): string {
	return new Date(at).toLocaleDateString('sv-SE', { timeZone: zone });
}

/** How long ago something was. */
export function ago(at: number, now: number): string {
	const minutes = Math.floor((now - at) / MINUTE_MS);
	if (minutes < 1) return 'just now';
	if (minutes < 60) return `${minutes} min ago`;
	if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
	return `${Math.floor(minutes / 1440)} days ago`;
}

/** “14:05”. */
export function timeOf(at: number, zone: string | undefined): string {
	return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone });
}
