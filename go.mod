module alprd

go 1.26.8
