// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// A Go program that calls malloc and free through cgo from many goroutines, with stacks that grow
// and a garbage collector that runs: it leaks 1000 blocks of 100 bytes, in leak_in_c.
package main

/*
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) void leak_in_c(size_t size)
{
	kept = malloc(size);
}
*/
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
)

const (
	goroutines = 20
	leaksEach  = 50
)

// descend makes the goroutine's stack grow between two C calls.
func descend(depth int) int {
	var filler [128]byte
	filler[depth%len(filler)] = byte(depth)
	if depth == 0 {
		return int(filler[0])
	}
	return descend(depth-1) + 1
}

func work(done chan<- bool) {
	for i := 0; i < leaksEach; i++ {
		block := C.malloc(200)
		descend(500 + i*20)
		C.leak_in_c(100)
		C.free(block)
	}
	done <- true
}

func main() {
	in := bufio.NewReader(os.Stdin)
	fmt.Printf("ready %d\n", os.Getpid())
	in.ReadString('\n')
	done := make(chan bool)
	for g := 0; g < goroutines; g++ {
		go work(done)
	}
	for g := 0; g < goroutines; g++ {
		<-done
		if g%5 == 0 {
			runtime.GC()
		}
	}
	fmt.Printf("{\"what\":\"leaked\",\"blocks\":%d,\"bytes\":%d}\n",
		goroutines*leaksEach, goroutines*leaksEach*100)
	in.ReadString('\n')
}
