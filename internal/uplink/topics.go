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

// Covert is the topic that takes the place of TopicAlert or TopicScene for entries that only administrators know of: the broker's
// access list decides who may read it.
func Covert(name string) string { return "covert/" + name }

// Topic is the full topic of one of a unit's messages.
func Topic(prefix, unit, name string) string { return prefix + "/" + unit + "/" + name }
