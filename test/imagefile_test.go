package test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// A stage is a part of a Dockerfile that begins with FROM.
type stage struct {
	from     string // the image
	platform string
	name     string
	steps    []step
}

// A step is an instruction: COPY, its flags without the dashes, and its arguments.
type step struct {
	name  string
	flags map[string]string
	args  []string
	json  bool // written as a JSON list, so that no shell reads it
}

// parseDockerfile reads the stages in their order.
func parseDockerfile(r io.Reader) ([]stage, error) {
	file, err := parser.Parse(r)
	if err != nil {
		return nil, fmt.Errorf("parse Dockerfile: %w", err)
	}
	var stages []stage
	for _, node := range file.AST.Children {
		s := step{name: strings.ToUpper(node.Value), flags: map[string]string{}, json: node.Attributes["json"]}
		for _, flag := range node.Flags {
			name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
			s.flags[name] = value
		}
		for n := node.Next; n != nil; n = n.Next {
			s.args = append(s.args, n.Value)
		}
		switch {
		case s.name == "FROM":
			stages = append(stages, stage{from: s.args[0], platform: s.flags["platform"], name: s.args[len(s.args)-1]})
		case len(stages) > 0:
			last := &stages[len(stages)-1]
			last.steps = append(last.steps, s)
		}
	}
	return stages, nil
}

// all are the stage's steps of one kind.
func (s stage) all(name string) []step {
	return slices.DeleteFunc(slices.Clone(s.steps), func(s step) bool { return s.name != name })
}

// copyContext does what COPY does: it brings each source that .dockerignore lets through to the folder.
func copyContext(root, to string, sources []string) error {
	f, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		return err
	}
	patterns, err := ignorefile.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		return fmt.Errorf("read .dockerignore: %w", err)
	}
	for _, source := range sources {
		found := 0
		err := filepath.WalkDir(filepath.Join(root, source), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			skip, err := ignored.MatchesOrParentMatches(rel)
			if err != nil || skip {
				return err
			}
			found++
			return copyFile(path, filepath.Join(to, rel))
		})
		if err != nil {
			return fmt.Errorf("copy %s: %w", source, err)
		}
		if found == 0 {
			return fmt.Errorf("copy %s: .dockerignore leaves nothing of it", source)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
