// Command helm is Helm as its users run it, for tests that deploy with it.
//
// It lies in a module of its own because Helm as a library brings some hundred
// modules along, which must not reach the project's own go.mod.
package main

import (
	"os"

	helm "helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
)

func main() { os.Exit(run()) }

func run() int {
	// Helm's own main function sets it, whatever the binary is called.
	kube.ManagedFieldsManager = "helm"
	cmd, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
	if err == nil {
		err = cmd.Execute()
	}
	if err != nil {
		return 1
	}
	return 0
}
