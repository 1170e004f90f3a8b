// Command typha is the stand-in of the scenario: it says which machine it was built for.
package main

import (
	"fmt"
	"runtime"
)

func main() {
	fmt.Println("typha on", runtime.GOARCH)
}
