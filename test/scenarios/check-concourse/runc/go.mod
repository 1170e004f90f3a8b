module example.org/runc

go 1.26
