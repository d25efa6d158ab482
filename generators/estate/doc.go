// Package estate turns the topology file and the nodes' facts into one resolved [Estate], or into the list of all that is wrong.
package estate
