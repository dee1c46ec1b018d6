// Short messages at the edge of the screen, each with at most one thing to do about it.

interface Toast {
	id: number;
	text: string;
	kind: 'plain' | 'problem';
	action: { label: string; run: () => void } | null;
}

const SHOWN_MS = 7000;

class Toasts {
	list = $state.raw<Toast[]>([]);
	#lastId = 0;

	show(text: string, options: Partial<Pick<Toast, 'kind' | 'action'>> = {}): void {
		const toast: Toast = { id: ++this.#lastId, text, kind: 'plain', action: null, ...options };
		this.list = [...this.list.slice(-2), toast];
		setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
	}

	dismiss(id: number): void {
		this.list = this.list.filter((toast) => toast.id !== id);
	}
}

export const toasts = new Toasts();
