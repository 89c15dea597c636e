from keepfit.cli import main

main()
