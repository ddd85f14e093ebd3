package cleanroom

import (
	"regexp"
	"strings"
)

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][.a-z0-9-]{1,61}[a-z0-9]$`)
	keyPrefix  = regexp.MustCompile(`^[\w!.=*/-]{0,512}$`)
)

// validate checks the fields of a call by the patterns of the API's model.
func (in *StartInput) validate() error {
	if in.Type != "SQL" {
		return invalidField("Type", "must be SQL")
	}
	if in.SQLParameters == nil {
		return invalidField("SqlParameters", "is required")
	}
	if err := in.SQLParameters.validate(); err != nil {
		return err
	}
	if in.ResultConfiguration == nil || in.ResultConfiguration.OutputConfiguration.S3 == nil {
		return invalidField("ResultConfiguration.OutputConfiguration.S3", "is required: a room has no default")
	}
	if err := in.ResultConfiguration.OutputConfiguration.S3.validate(); err != nil {
		return err
	}
	if in.ComputeConfiguration == nil {
		return nil
	}
	w := in.ComputeConfiguration.Worker
	if w == nil || (w.Type != "CR.1X" && w.Type != "CR.4X") || w.Number < 2 || w.Number > 400 {
		return invalidField("ComputeConfiguration.Worker", "must have a Type of CR.1X or CR.4X and a Number of 2 to 400")
	}
	return nil
}

func (p *SQLParameters) validate() error {
	switch {
	case (p.QueryString == "") == (p.AnalysisTemplateArn == ""):
		return invalidField("SqlParameters", "must hold exactly one of QueryString and AnalysisTemplateArn")
	case len(p.QueryString) > maxQueryText:
		return invalidField("SqlParameters.QueryString", "is longer than %d characters", maxQueryText)
	case p.QueryString != "" && len(p.Parameters) > 0:
		return invalidField("SqlParameters.Parameters", "belong to an analysis template")
	}
	for _, value := range p.Parameters {
		if len(value) > 1000 {
			return invalidField("SqlParameters.Parameters", "holds a value of more than 1000 characters")
		}
	}
	return nil
}

func (s *S3Output) validate() error {
	if s.ResultFormat != "PARQUET" && s.ResultFormat != "CSV" {
		return invalidField("ResultFormat", "must be PARQUET or CSV")
	}
	if !bucketName.MatchString(s.Bucket) {
		return invalidField("Bucket", "is not a bucket's name")
	}
	if !keyPrefix.MatchString(s.KeyPrefix) {
		return invalidField("KeyPrefix", "may hold letters, digits and _ ! . = * / - only, 512 at most")
	}
	// S3 takes these for names; a disk would leave the bucket's folder, or another result's.
	for _, part := range strings.Split(strings.TrimSuffix(s.KeyPrefix, "/"), "/") {
		if s.KeyPrefix != "" && (part == "" || part == "." || part == "..") {
			return invalidField("KeyPrefix", "must not hold an empty folder, . or ..")
		}
	}
	return nil
}

// defaultCRPU is what Clean Rooms takes when it is not told.
const defaultCRPU = 32

// crpu is the size of the query's compute.
func (c *ComputeConfiguration) crpu() int {
	if c == nil {
		return defaultCRPU
	}
	if c.Worker.Type == "CR.4X" {
		return 8 * c.Worker.Number
	}
	return 2 * c.Worker.Number
}
