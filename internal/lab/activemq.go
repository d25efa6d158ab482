package lab

import (
	"fmt"
	"os"
	"os/exec"
)

const activeJar = "/usr/share/activemq/bin/activemq.jar"

// activeConfig is a broker in memory with a STOMP listener, a user, and one, reader, who may send nothing; queues and topics come into
// being when they are used.
const activeConfig = `<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
  http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false" persistent="false" brokerName="lab" dataDirectory="%[1]s/data">
    <plugins>
      <simpleAuthenticationPlugin>
        <users>
          <authenticationUser username="%[2]s" password="%[3]s" groups="mcollective,everyone"/>
          <authenticationUser username="reader" password="%[3]s" groups="everyone"/>
        </users>
      </simpleAuthenticationPlugin>
      <authorizationPlugin>
        <map>
          <authorizationMap>
            <authorizationEntries>
              <authorizationEntry queue="&gt;" read="everyone" write="mcollective" admin="everyone"/>
              <authorizationEntry topic="&gt;" read="everyone" write="mcollective" admin="everyone"/>
              <authorizationEntry topic="ActiveMQ.Advisory.&gt;" read="everyone" write="everyone" admin="everyone"/>
            </authorizationEntries>
          </authorizationMap>
        </map>
      </authorizationPlugin>
    </plugins>
    <transportConnectors>%[4]s</transportConnectors>
  </broker>
</beans>
`

func (b *Broker) prepareActiveMQ(o BrokerOptions) error {
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	b.Port = ports[0]
	b.VHost = "mcollective"
	b.Name = o.Name
	if b.Name == "" {
		b.Name = fmt.Sprintf("activemq-%d", b.Port)
	}
	if o.TLS {
		return fmt.Errorf("TLS is offered by RabbitMQ alone")
	}
	b.log = b.file("activemq.log")
	listener := fmt.Sprintf(`<transportConnector name="stomp" uri="stomp://127.0.0.1:%d"/>`, b.Port)
	if err := os.WriteFile(b.file("activemq.xml"), fmt.Appendf(nil, activeConfig, b.dir, b.User, b.Password, listener), 0o600); err != nil {
		return err
	}
	b.start = func() (*Process, error) {
		cmd := exec.Command("java", "-Xms64M", "-Xmx256M", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
			"--add-reads=java.xml=java.logging",
			"--add-opens", "java.base/java.security=ALL-UNNAMED", "--add-opens", "java.base/java.net=ALL-UNNAMED",
			"--add-opens", "java.base/java.lang=ALL-UNNAMED", "--add-opens", "java.base/java.util=ALL-UNNAMED",
			"-Dactivemq.home=/usr/share/activemq", "-Dactivemq.base="+b.dir, "-Dactivemq.conf="+b.dir, "-Dactivemq.data="+b.file("data"),
			"-Djava.io.tmpdir="+b.dir, "-Djava.awt.headless=true", "-XX:-UsePerfData",
			"-jar", activeJar, "start", "xbean:file:"+b.file("activemq.xml"))
		cmd.Dir = b.dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + b.dir}
		return startProcess(b.Name, b.log, cmd)
	}
	return nil
}
