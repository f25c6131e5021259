package uplink

// DefaultPrefix stands before every topic.
const DefaultPrefix = "alpr/v1"

// Names of topics below {prefix}/{unit}/. docs/asyncapi.yaml describes each.
const (
	TopicStatus  = "status"
	TopicHealth  = "health"
	TopicHotlist = "hotlist"
	TopicAlert   = "alert"
	TopicScene   = "alert/scene"
)

// Topic is the full topic of one of a unit's messages.
func Topic(prefix, unit, name string) string { return prefix + "/" + unit + "/" + name }
