  (import "[export]caisson:adapter/provider@0.1.0" "[resource-new]events" (func $events_new (param i32) (result i32)))
  (import "[export]caisson:adapter/provider@0.1.0" "[resource-drop]events" (func $events_drop (param i32)))
