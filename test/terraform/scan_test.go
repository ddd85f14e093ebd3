package terraform

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

// finding is something that the scanner dislikes: the rule (AWS-0104) at a line of a file.
type finding struct {
	file, rule, title string
	line              int
}

func (f finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.file, f.line, f.rule, f.title)
}

// scan lets trivy look at a folder with the rules that are built into it. Those in its registry are newer, and another
// day's would be others.
func scan(t *testing.T, folder string) []finding {
	t.Helper()
	cmd := tools.Command(t, "TRIVY", "config", "--quiet", "--skip-check-update", "--skip-version-check", "--format", "json",
		"--cache-dir", t.TempDir(), folder)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "trivy: %s", stderr.String())
	var report struct {
		Results []struct {
			Target            string
			MisconfSummary    struct{ Successes int }
			Misconfigurations []struct {
				ID, Title, Status string
				CauseMetadata     struct{ StartLine int }
			}
		}
	}
	require.NoError(t, json.Unmarshal(out, &report))
	var found []finding
	passed := 0
	for _, result := range report.Results {
		passed += result.MisconfSummary.Successes
		for _, m := range result.Misconfigurations {
			if m.Status == "FAIL" {
				found = append(found, finding{result.Target, m.ID, m.Title, m.CauseMetadata.StartLine})
			}
		}
	}
	require.Positive(t, passed+len(found), "trivy has looked at nothing in %s", folder)
	return found
}

func TestScan(t *testing.T) {
	for _, f := range scan(t, workingCopy(t)) {
		t.Errorf("%s\nmend it, or write above it: #trivy:ignore:%s and the reason", f, f.rule)
	}
}

// suppression is a comment that keeps scanner or linter quiet. Its reason is on the same line.
type suppression struct {
	file, rule, reason string
}

var (
	scannerIgnore = regexp.MustCompile(`(?:trivy|tfsec):ignore:([A-Za-z0-9-]+)(.*)`)
	linterIgnore  = regexp.MustCompile(`tflint-ignore: *([a-z_]+)(.*)`)
)

func suppressions(t *testing.T, folder string, comment *regexp.Regexp) []suppression {
	t.Helper()
	var found []suppression
	for _, module := range findModules(t, folder) {
		files, err := filepath.Glob(filepath.Join(folder, module, "*.tf"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range comment.FindAllStringSubmatch(string(text), -1) {
				name, err := filepath.Rel(folder, file)
				require.NoError(t, err)
				found = append(found, suppression{name, match[1], strings.Trim(match[2], " #")})
			}
		}
	}
	return found
}

// faults tells of suppressions without a reason, and of those that hide nothing from the scanner: a rule that no longer
// fires, or a mistyped one. They are found by a scan of the same files with the comments made ineffective.
func faults(t *testing.T, folder string) []string {
	t.Helper()
	ofScanner := suppressions(t, folder, scannerIgnore)
	var problems []string
	for _, s := range slices.Concat(ofScanner, suppressions(t, folder, linterIgnore)) {
		if len(strings.Fields(s.reason)) < 3 {
			problems = append(problems, fmt.Sprintf("%s: %s is suppressed without a reason on the same line", s.file, s.rule))
		}
	}
	if len(ofScanner) == 0 {
		return problems
	}
	found := scan(t, bare(t, folder, ofScanner))
	for _, s := range ofScanner {
		if !slices.ContainsFunc(found, func(f finding) bool { return f.file == s.file && f.rule == s.rule }) {
			problems = append(problems, fmt.Sprintf("%s: %s does not fire there, so nothing needs to suppress it", s.file, s.rule))
		}
	}
	return problems
}

// bare is a copy of a folder without the comments that the scanner would heed.
func bare(t *testing.T, folder string, all []suppression) string {
	t.Helper()
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(folder)))
	for _, s := range all {
		path := filepath.Join(copied, s.file)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, scannerIgnore.ReplaceAll(text, nil), 0o644))
	}
	return copied
}

func TestSuppressions(t *testing.T) {
	for _, problem := range faults(t, workingCopy(t)) {
		t.Error(problem)
	}
	for _, s := range suppressions(t, filepath.Join(repository, "terraform"), scannerIgnore) {
		t.Logf("%s: %s suppressed: %s", s.file, s.rule, s.reason)
	}
}

// Things that must not be overlooked, and comments that must not pass.
func TestScanNotices(t *testing.T) {
	const queue = "resource \"aws_sqs_queue\" \"this\" {\n  name = \"a\"\n}\n"
	cases := []struct{ name, code, found, fault string }{
		{"a queue that anybody with the disk can read", queue, "main.tf:1: AWS-0096", ""},
		{"a bucket that is open", "resource \"aws_s3_bucket\" \"this\" {\n  bucket = \"a\"\n  acl    = \"public-read\"\n}\n", "AWS-0092", ""},
		{"a role that may do anything to anything", "resource \"aws_iam_policy\" \"this\" {\n  name   = \"a\"\n  policy = jsonencode({ Version = \"2012-10-17\", " +
			"Statement = [{ Effect = \"Allow\", Action = [\"s3:*\"], Resource = [\"*\"] }] })\n}\n", "AWS-0345", ""},
		{"suppressed with a reason", "#trivy:ignore:AWS-0096 It never holds anything.\n" + queue, "", ""},
		{"suppressed without a reason", "#trivy:ignore:AWS-0096\n" + queue, "", "main.tf: AWS-0096 is suppressed without a reason on the same line"},
		{"the linter silenced without a reason", "# tflint-ignore: terraform_typed_variables\n" + queue, "AWS-0096", "main.tf: terraform_typed_variables is suppressed without a reason on the same line"},
		{"the linter silenced with a reason", "# tflint-ignore: terraform_typed_variables # It takes anything.\n" + queue, "AWS-0096", ""},
		{"another rule suppressed", "#trivy:ignore:AWS-0095 It never holds anything.\n" + queue, "AWS-0096", "main.tf: AWS-0095 does not fire there, so nothing needs to suppress it"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, "main.tf"), []byte(c.code), 0o644))
			found := fmt.Sprint(scan(t, folder))
			if c.found == "" {
				assert.Equal(t, "[]", found)
			} else {
				assert.Contains(t, found, c.found)
			}
			assert.Equal(t, c.fault, strings.Join(faults(t, folder), "\n"))
		})
	}
}
