package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const module = "github.com/cleanreach/cleanreach"

// A goPackage is what go list says of a package, and what its files call.
type goPackage struct {
	ImportPath   string
	Name         string
	Dir          string
	Standard     bool
	GoFiles      []string
	CgoFiles     []string
	Imports      []string
	TestImports  []string
	XTestImports []string

	calls []call // of package os, outside of tests
}

// A call is a use of one of a package's functions: os.Exit in internal/x/y.go, line 3.
type call struct {
	function string
	at       string
}

// path is the package's folder in the module.
func (p *goPackage) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// own are the packages of this module among imports, as folders.
func own(imports []string) []string {
	var folders []string
	for _, i := range imports {
		if folder, ok := strings.CutPrefix(i, module+"/"); ok {
			folders = append(folders, folder)
		}
	}
	return folders
}

// listPackages asks the go command for packages, with cgo, which hides no file.
func listPackages(ctx context.Context, args ...string) ([]*goPackage, error) {
	args = append([]string{"list", "-e", "-json=ImportPath,Name,Dir,Standard,GoFiles,CgoFiles,Imports,TestImports,XTestImports"}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	var packages []*goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("decode go list: %w", err)
		}
		packages = append(packages, &p)
	}
}

// readCalls notes the package's uses of package os.
func (p *goPackage) readCalls() error {
	files := token.NewFileSet()
	for _, name := range append(p.GoFiles, p.CgoFiles...) {
		f, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s/%s: %w", p.path(), name, err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" {
					at := fmt.Sprintf("%s/%s:%d", p.path(), name, files.Position(s.Pos()).Line)
					p.calls = append(p.calls, call{function: "os." + s.Sel.Name, at: at})
				}
			}
			return true
		})
	}
	return nil
}
