// Package agenttest reads the output of a Checkmk agent, for tests: to the letter of
// what is documented, and more narrowly than any version of Checkmk where those
// differ. It shares nothing with what writes the output.
//
// Sources: https://docs.checkmk.com/latest/en/localchecks.html,
// https://docs.checkmk.com/latest/en/piggyback.html and
// https://docs.checkmk.com/latest/en/wato_monitoringagents.html, of Checkmk 2.4.
package agenttest
