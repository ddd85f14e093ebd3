package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// errHelp says that help was asked for and printed.
var errHelp = errors.New("help")

// parseFlags reads a command's flags. When help was asked for it prints it, and the error is errHelp.
func parseFlags(flags *flag.FlagSet, c call, usage string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(c.args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.stdout, usage)
		flags.SetOutput(c.stdout)
		flags.PrintDefaults()
		return errHelp
	case err != nil:
		return audience.Fail(audience.Invalid, seeHelp(flags), err)
	}
	return nil
}

// parseOnlyFlags is parseFlags for a command that takes nothing else.
func parseOnlyFlags(flags *flag.FlagSet, c call, usage string) error {
	err := parseFlags(flags, c, usage)
	if err == nil && flags.NArg() > 0 {
		err = audience.Failf(audience.Invalid, "it takes flags only, and does not know %q: %s", flags.Arg(0), seeHelp(flags))
	}
	return err
}

func seeHelp(flags *flag.FlagSet) string { return "see cleanreach " + flags.Name() + " -help" }
