// Command worker is the stand-in of the scenario.
package main

/*
int answer(void) { return 42; }
*/
import "C"

import "fmt"

func main() {
	fmt.Println(C.answer())
}
