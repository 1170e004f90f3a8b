#!/bin/sh
echo "clone for $(cat /etc/built-for) on $(uname -m)"
