package storage

// Explain lets tests see what an error of the system becomes.
func Explain(f *Folder, verb, key string, err error) error { return f.explain(verb, key, err) }
