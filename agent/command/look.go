package command

// LookPath returns where a command of this name is found: in the search path that commands get, not in ours.
func LookPath(program string) (string, error) {
	path, err := lookPath(program, searchPath)
	if err != nil {
		return "", &StartError{Program: program, Err: err}
	}
	return path, nil
}
