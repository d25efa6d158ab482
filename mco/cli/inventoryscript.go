package cli

func (s *session) runScript(path string) error {
	return textError("Could not find script to run: " + path)
}
