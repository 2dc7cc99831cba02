package controlplane

// KillComponent ends a component as an accident would: the cluster is not told.
func KillComponent(c *Cluster, component string) {
	p := c.process(component)
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Processes returns the numbers of all processes that still run.
func Processes(c *Cluster) []int {
	c.guard.Lock()
	defer c.guard.Unlock()
	var running []int
	for _, p := range c.processes {
		if p.running() {
			running = append(running, p.cmd.Process.Pid)
		}
	}
	return running
}
