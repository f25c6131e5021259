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

// Fleet stands in the place of a unit in topics that are for all.
const Fleet = "_fleet"

// Names of topics that hot lists come on: those of a package below {prefix}/_fleet/, a unit's key to it below {prefix}/{unit}/.
func topicManifest(list string) string   { return "hotlist/" + list + "/manifest" }
func topicChunk(list, sha string) string { return "hotlist/" + list + "/chunk/" + sha }
func topicPending(list string) string    { return "hotlist/" + list + "/pending" }
func topicGrant(list string) string      { return "hotlist/" + list + "/key" }

// Covert is the topic that takes the place of TopicAlert or TopicScene for entries that only administrators know of: the broker's
// access list decides who may read it.
func Covert(name string) string { return "covert/" + name }

// Topic is the full topic of one of a unit's messages.
func Topic(prefix, unit, name string) string { return prefix + "/" + unit + "/" + name }
