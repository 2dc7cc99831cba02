// Package image holds the tests of what is shipped: the Dockerfile, whose build is
// carried out here as far as it goes without a container engine, and the parts of a
// release.
package image
