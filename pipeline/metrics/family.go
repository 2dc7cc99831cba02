package metrics

// family is what metrics of one name have in common.
type family struct {
	name, help string
	counter    bool
	// labels are in the order in which values are given.
	labels []string
}

func gauge(name, help string, labels ...string) *family {
	return &family{name: name, help: help, labels: labels}
}

func counter(name, help string, labels ...string) *family {
	return &family{name: name, help: help, labels: labels, counter: true}
}

// ofApplication are the labels that name an application, followed by others.
func ofApplication(more ...string) []string {
	return append([]string{"cluster", "application", "namespace", "tool", "environment", "tenant"}, more...)
}

// What is told of applications and objects.
var (
	familyApplicationStatus = gauge("live_status_application_status", "1 for the status that the application has.", ofApplication("status")...)
	familyApplicationInfo   = gauge("live_status_application_info", "1 for the version and the chart of the application.", ofApplication("version", "chart")...)
	familyApplicationCount  = gauge("live_status_application_objects", "How many objects of the application have the status.", ofApplication("status")...)
	familyApplicationSince  = gauge("live_status_application_status_since_seconds", "When the status of the application began, as Unix time.", ofApplication()...)
	familyApplicationStale  = gauge("live_status_application_stale", "1 where there was no news of the application's objects for 10 minutes.", ofApplication()...)
	familyApplicationSync   = gauge("live_status_application_sync", "1 for the sync that the application has: whether it is as it was deployed.", ofApplication("sync")...)
	familyDeciding          = gauge("live_status_application_deciding", "1 for the first object that makes the status of the application, where that is not Healthy.",
		ofApplication("kind", "object_namespace", "object", "status", "reason")...)
	familyObjectStatus = gauge("live_status_object_status", "1 for the status that the object has; metrics_objects says which objects are told.",
		"cluster", "application", "application_namespace", "kind", "api_group", "namespace", "name", "status")
	familyObjects      = gauge("live_status_objects", "How many objects of the kind have the status.", "cluster", "kind", "api_group", "status")
	familyApplications = gauge("live_status_applications", "How many applications have the status.", "cluster", "status")
	familyOmitted      = gauge("live_status_metrics_omitted", "How many applications, objects and watches are not told for lack of room (metrics_max_series) or because redaction withheld their names.", "what")
)

// What is counted.
var (
	familyApplicationTransitions = counter("live_status_application_transitions_total", "Changes of applications' statuses that records told.", "from", "to")
	familyObjectTransitions      = counter("live_status_object_transitions_total", "Changes of objects' statuses that records told.", "from", "to")
	familyReceived               = counter("live_status_received_total", "Events and audit events read, repeats included.")
	familyRecords                = counter("live_status_records_total", "Records made of the type.", "type")
	familyEmitted                = counter("live_status_emitted_total", "Records of all types that were put into batches.")
	familyDeduplicated           = counter("live_status_deduplicated_total", "Items that had been reported before.")
	familyFiltered               = counter("live_status_filtered_total", "Audit events that the configuration leaves out.")
	familyExpired                = counter("live_status_expired_total", "Events older than kube_retention_time on a first start.")
	familyDeleted                = counter("live_status_deleted_total", "Notices that an event is gone, which make no record.")
	familyRejected               = counter("live_status_rejected_total", "Items that could not be read.", "reason")
	familyCorrelated             = counter("live_status_correlated_total", "Event and audit records by how the search for their application ended.", "correlation")
	familyRedactionFound         = counter("live_status_redaction_found_total", "Findings that were taken out of records.", "rule")
	familyRedactionWithheld      = counter("live_status_redaction_withheld_total", "Parts of records that redaction did not let pass.", "reason")
	familyCommits                = counter("live_status_cursor_commits_total", "Batches written to the cursor.")
	familyCommitErrors           = counter("live_status_cursor_commit_errors_total", "Batches that could not be written to the cursor, each try.")
	familyReconnects             = counter("live_status_source_reconnects_total", "Times that the source had to connect again.", "source", "scope")
	familyRelists                = counter("live_status_source_relists_total", "Times that the source had to list again what is there.", "source", "scope")
	familyRefused                = counter("live_status_source_refused_total", "Requests that the webhook refused, such as those for which the spool has no room.", "source", "scope")
	familyAcknowledged           = counter("live_status_forward_acknowledged_total", "Records that the downstream of the output plugin has.")
	familyAttempts               = counter("live_status_forward_attempts_total", "What was sent to the downstream.")
	familyFailures               = counter("live_status_forward_failures_total", "Of that, what came to nothing.")
	familyDeadLetters            = counter("live_status_forward_dead_letters_total", "Records that the downstream will never take.")
)

// What is told of the instance.
var (
	familyInfo             = gauge("live_status_info", "1 for the cluster, the name and the version of this instance.", "cluster", "instance_name", "version")
	familyUptime           = gauge("live_status_uptime_seconds", "How long the instance runs.")
	familyStart            = gauge("live_status_start_time_seconds", "When the instance started, as Unix time.")
	familySourceState      = gauge("live_status_source_state", "1 for the state that the source is in.", "source", "scope", "state")
	familySourceLag        = gauge("live_status_source_lag_seconds", "How old the newest item was when the source received it.", "source", "scope")
	familySourceBehind     = gauge("live_status_source_behind_bytes", "How many bytes are there and not read yet: of files, or in the webhook's spool.", "source", "scope")
	familySourceReceived   = gauge("live_status_source_last_received_seconds", "When the source last received anything, as Unix time.", "source", "scope")
	familyWatchAge         = gauge("live_status_watch_age_seconds", "How long ago the API server last said anything about the resource.", "resource", "namespace")
	familyWatchBroken      = gauge("live_status_watch_broken", "1 while the watch of the resource fails.", "resource", "namespace")
	familyWatchTroubled    = gauge("live_status_watch_troubled", "1 for the state of a watch that is not as it should be.", "resource", "namespace", "state")
	familyQueueBytes       = gauge("live_status_queue_bytes", "How much waits to be taken by Fluent Bit or the downstream.")
	familyQueueMax         = gauge("live_status_queue_max_bytes", "How much may wait before sources have to: batch_max_bytes.")
	familyQueueRecords     = gauge("live_status_queue_records", "How many records wait to be taken.")
	familyQueueUncommitted = gauge("live_status_queue_uncommitted", "How many records were handed over and are not in the cursor yet.")
	familyCursorSize       = gauge("live_status_cursor_size_bytes", "Size of the cursor (db), of its log (wal) and of the webhook's spool.", "file")
	familyBlocked          = gauge("live_status_redaction_blocked", "1 while no payload leaves because sensitive values cannot be read.")
	familyValues           = gauge("live_status_redaction_values", "How many sensitive values are looked for.")
	familyPermissions      = gauge("live_status_permissions", "How many rights in the cluster the instance lacks (missing), or has and must not have (excess).", "state")
)

// families are all of them.
var families = [...]*family{
	familyApplicationStatus, familyApplicationInfo, familyApplicationCount, familyApplicationSince, familyApplicationStale,
	familyApplicationSync, familyDeciding, familyObjectStatus, familyObjects, familyApplications, familyOmitted,

	familyApplicationTransitions, familyObjectTransitions, familyReceived, familyRecords, familyEmitted, familyDeduplicated,
	familyFiltered, familyExpired, familyDeleted, familyRejected, familyCorrelated, familyRedactionFound, familyRedactionWithheld,
	familyCommits, familyCommitErrors, familyReconnects, familyRelists, familyRefused, familyAcknowledged, familyAttempts,
	familyFailures, familyDeadLetters,

	familyInfo, familyUptime, familyStart, familySourceState, familySourceLag, familySourceBehind, familySourceReceived,
	familyWatchAge, familyWatchBroken, familyWatchTroubled, familyQueueBytes, familyQueueMax, familyQueueRecords,
	familyQueueUncommitted, familyCursorSize, familyBlocked, familyValues, familyPermissions,
}
