package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

// page is what a page of a list says of itself.
type page struct {
	ResourceVersion event.ResourceVersion
	Continue        string
}

// readPage reads a List and calls each with every item, which each owns. It
// holds one item at a time, so that the size of a list does not matter.
func readPage(r io.Reader, each func(raw []byte) error) (page, error) {
	p := pageReader{dec: json.NewDecoder(r), each: each}
	if err := p.read(); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return page{}, fmt.Errorf("read list: %w", err)
	}
	return p.page, nil
}

type pageReader struct {
	dec  *json.Decoder
	each func(raw []byte) error
	page page
}

func (p *pageReader) read() error {
	tok, err := p.dec.Token()
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return p.unexpected()
	}
	for p.dec.More() {
		key, err := p.dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "metadata":
			var meta metav1.ListMeta
			if err := p.dec.Decode(&meta); err != nil {
				return err
			}
			p.page = page{ResourceVersion: event.ResourceVersion(meta.ResourceVersion), Continue: meta.Continue}
		case "items":
			if err := p.items(); err != nil {
				return err
			}
		default:
			var skip json.RawMessage
			if err := p.dec.Decode(&skip); err != nil {
				return err
			}
		}
	}
	_, err = p.dec.Token()
	return err
}

func (p *pageReader) items() error {
	tok, err := p.dec.Token()
	// Some servers write null for an empty list.
	if err != nil || tok == nil {
		return err
	}
	if tok != json.Delim('[') {
		return p.unexpected()
	}
	for p.dec.More() {
		var raw json.RawMessage
		if err := p.dec.Decode(&raw); err != nil {
			return err
		}
		if err := p.each(raw); err != nil {
			return err
		}
	}
	_, err = p.dec.Token()
	return err
}

func (p *pageReader) unexpected() error {
	return fmt.Errorf("it is no List: unexpected JSON at offset %d", p.dec.InputOffset())
}
