#!/bin/sh -e
exec git clone "$@"
