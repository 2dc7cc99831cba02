// Package values knows the sensitive values that must be found wherever they
// occur, and keeps the matcher for them current.
//
// A Store reads the files and folders of redact_values_path and takes the
// values of the cluster's Secrets from whoever watches them. It compiles all of
// them to one known.Set, follows every change by building another one in the
// background, and exchanges the two at once. A value that is gone stays in the
// set for a while, since events about it arrive late.
//
// # What is read
//
// A folder stands for one value in each file, as Kubernetes mounts Secrets and
// ConfigMaps; one trailing line break is no part of a value. Subfolders are read
// one level deep. A file named by itself is dotenv or JSON, by its extension or
// else by its content. YAML is not read.
//
// # When it fails
//
// Whatever cannot be read for certain is an error, never an empty value: a file
// that is half written, a folder with nothing in it, more than the limits allow.
// At the start that ends Open, later Current gives the reason for which payloads
// are to be withheld, at once and until all can be read again and the matcher
// knows it. The values known before stay in use meanwhile. Errors and log lines
// name paths, lines and variables, never a value nor a part of one.
//
// # The time in between
//
// From the moment a value changes to that from which it is found pass the
// interval at which files are looked at and the time a build takes. A Secret of
// the cluster that comes soon after a build waits for a pause of two to ten
// seconds, four times as long as the last build took. Records of that time are
// redacted with the values known before.
//
// # Values from the cluster
//
// Whoever may create a Secret could choose values that hide what has nothing to
// hide, such as the name of a namespace. Few values are therefore taken from one
// Secret, one namespace and all together, and none that looks like a name, an
// address, ordinary words or a term of Kubernetes; see admit. What that leaves
// open: under a key such as password anything else is taken, since passwords look
// like anything, and may be a part of somebody's name or message. The structural
// layer hashes the data of every Secret, whatever is taken here.
package values
