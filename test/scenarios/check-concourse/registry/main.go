// Command in is the stand-in of the scenario: a resource that looks for one architecture.
package main

import (
	"encoding/json"
	"fmt"
)

type Platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

func main() {
	wanted := Platform{
		Architecture: "amd64",
		OS:           "linux",
	}
	text, _ := json.Marshal(wanted)
	fmt.Println(string(text))
}
