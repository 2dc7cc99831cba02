package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
)

// hasher replaces values by their keyed hashes. Without a salt it replaces
// them by MarkRedacted.
type hasher struct {
	salted bool
	// states keeps what one hash needs for the next.
	states *sync.Pool
}

// hashState is a keyed hash and the memory for what it hashes.
type hashState struct {
	mac hash.Hash
	// text is hashed, raw is what is decoded and out the result.
	text, raw, out []byte
}

func newHasher(salt []byte) hasher {
	if len(salt) < MinSalt {
		return hasher{}
	}
	salt = append([]byte(nil), salt...)
	return hasher{salted: true, states: &sync.Pool{New: func() any {
		return &hashState{mac: hmac.New(sha256.New, salt)}
	}}}
}

// hash returns what stands for value under key. Decoded first, a value hashes
// alike in data and in stringData.
func (h hasher) hash(key string, value []byte, decode bool) string {
	if !h.salted {
		return MarkRedacted
	}
	state, _ := h.states.Get().(*hashState) // The pool holds nothing else.
	defer h.states.Put(state)
	if decode {
		if raw, err := base64.StdEncoding.AppendDecode(state.raw[:0], value); err == nil {
			state.raw, value = raw, raw
		}
	}
	state.text = append(append(state.text[:0], key...), 0)
	state.mac.Reset()
	state.mac.Write(state.text)
	state.mac.Write(value)
	sum := state.mac.Sum(state.text[:0])[:16]
	state.out = hex.AppendEncode(append(state.out[:0], MarkHash...), sum)
	state.text = sum
	if cap(state.raw) > maxSize {
		state.raw = nil
	}
	return string(state.out)
}
