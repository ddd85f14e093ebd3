package deployment

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

const (
	region  = "eu-west-1"
	account = "123456789012" // moto's
)

// startMoto starts the emulator on a free port of this machine, and gives its URL.
func startMoto(t *testing.T) string {
	t.Helper()
	path := tools.Need(t, "MOTO_SERVER")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)

	var output bytes.Buffer
	cmd := exec.Command(path, "-H", host, "-p", port)
	cmd.Env = append(os.Environ(), "PYTHONWARNINGS=ignore", "MOTO_ACCOUNT_ID="+account)
	cmd.Stdout, cmd.Stderr = nil, &output
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the emulator's last words:\n%s", tail(answered.ReplaceAll(output.Bytes(), nil), 6000))
		}
	})
	url := "http://" + address
	require.Eventually(t, func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/moto-api/", http.NoBody)
		if err != nil {
			return false
		}
		response, err := http.DefaultClient.Do(request)
		return err == nil && response.Body.Close() == nil
	}, time.Minute, 100*time.Millisecond, "the emulator does not answer")
	return url
}

// answered is a line of the emulator's about a call that it could answer.
var answered = regexp.MustCompile(`(?m)^.*HTTP/1\.1" [234]\d\d -\n`)

func tail(text []byte, n int) []byte {
	return text[max(0, len(text)-n):]
}
