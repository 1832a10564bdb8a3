// LesHouches
