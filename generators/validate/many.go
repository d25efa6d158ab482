package validate

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/mco-go/mco-go/generators/target"
)

// perFile is how much longer than usually a program may take for each file of many.
const perFile = time.Second

// verdicts runs a program that judges many files. It finds their names, one on a line, in the file that MCO_FILES names, and writes
// beside each one a file NAME.verdict: a line that says accepted or refused, then its words. A file without a verdict was not judged.
func verdicts(ctx context.Context, c command, files []string) []Result {
	results := make([]Result, len(files))
	fail := func(why string) []Result {
		for i := range results {
			results[i] = Result{Unable, why}
		}
		return results
	}
	list, err := os.CreateTemp(c.dir, "files-*")
	if err != nil {
		return fail(err.Error())
	}
	defer os.Remove(list.Name())
	_, err = list.WriteString(strings.Join(files, "\n") + "\n")
	if closed := list.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fail(err.Error())
	}
	c.env = append(c.env, "MCO_FILES="+list.Name())
	c.limit = usually + time.Duration(len(files))*perFile
	output, ended := c.run(ctx)
	if ended.Status == Missing {
		return fail(ended.Text)
	}
	for i, file := range files {
		text, err := os.ReadFile(file + ".verdict")
		word, said, _ := strings.Cut(string(text), "\n")
		if len(said) > maxOutput {
			said = said[:maxOutput]
		}
		switch status := Status(word); {
		case err == nil && (status == Accepted || status == Refused):
			results[i] = Result{status, said}
		case ended.Status == Unable:
			results[i] = ended
		default:
			results[i] = Result{Unable, "no verdict: " + output}
		}
	}
	return results
}

// alone is Run for a program that has All.
func alone(all func(context.Context, []Case) []Result) func(context.Context, string, target.File) Result {
	return func(ctx context.Context, scratch string, f target.File) Result {
		return all(ctx, []Case{{scratch, f}})[0]
	}
}

// places are where the cases' files lie.
func places(cases []Case) []string {
	files := make([]string, len(cases))
	for i, c := range cases {
		files[i] = At(c.Scratch, c.File)
	}
	return files
}
