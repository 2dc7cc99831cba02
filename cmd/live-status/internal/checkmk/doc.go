// Package checkmk makes output of a Checkmk agent of the metrics of Live Status:
// a service for each application, for what runs in a namespace without one, and
// for Live Status itself.
//
// What it writes is the format of local checks in sections whose lines are not
// split at blanks, <<<local:sep(0)>>>, which Checkmk 2.0 and later read. Where
// Checkmk's versions differ, the narrower rule is kept: exactly one blank between
// fields (before 2.4.0p5, werk 18107), no quotes in service names, and none of the
// characters that the Nagios core of the free edition takes out of them.
//
// Sources of the rules, as of Checkmk 2.4:
// https://docs.checkmk.com/latest/en/localchecks.html,
// https://docs.checkmk.com/latest/en/piggyback.html,
// https://docs.checkmk.com/latest/en/datasource_programs.html, and of what these
// leave open, the code that reads the output (cmk/plugins/collection/agent_based/local.py,
// cmk/checkengine/parser, cmk/ccc/hostaddress.py).
package checkmk
