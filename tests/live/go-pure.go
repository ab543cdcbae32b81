// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// A Go program without C: it has no malloc to trace, and its goroutine stacks move. Whatever a
// tracer does here, it must print its sum and end with status 0.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
)

// descend makes the goroutine's stack grow, so that the runtime copies it and rewrites its
// return addresses.
func descend(depth int) int {
	var filler [128]byte
	filler[depth%len(filler)] = byte(depth)
	if depth == 0 {
		return int(filler[0])
	}
	return descend(depth-1) + 1
}

func main() {
	in := bufio.NewReader(os.Stdin)
	fmt.Printf("ready %d\n", os.Getpid())
	in.ReadString('\n')
	sums := make(chan int)
	for g := 0; g < 200; g++ {
		go func() { sums <- descend(2000) }()
	}
	total := 0
	for g := 0; g < 200; g++ {
		total += <-sums
		if g%50 == 0 {
			runtime.GC()
		}
	}
	fmt.Printf("{\"what\":\"sum\",\"sum\":%d}\n", total)
	in.ReadString('\n')
}
