// The page of these tests is hidden, so that changes show at once; those that are about animation frames show it.
Object.defineProperty(document, 'visibilityState', { value: 'hidden', writable: true });
