package emit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkSend sends batches of two megabytes to a server on the same machine that
// reads them.
func BenchmarkSend(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	for name, o := range map[string]Options{
		"jsonl": {Format: FormatJSON}, "jsonl-gzip": {Format: FormatJSON, Compress: true},
		"otlp": {Format: FormatOTLP}, "otlp-gzip": {Format: FormatOTLP, Compress: true},
	} {
		b.Run(name, func(b *testing.B) {
			const size = 2 << 20
			one := len(encoded(b, o.Format, 1).Data)
			batch := encoded(b, o.Format, size/one)
			o.To = server.URL
			c := opened(b, o)
			b.ReportAllocs()
			b.SetBytes(int64(len(batch.Data)))
			for b.Loop() {
				if err := c.Send(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch.Len())*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
