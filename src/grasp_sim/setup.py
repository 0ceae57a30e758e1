from setuptools import find_packages, setup

package_name = "grasp_sim"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(),
    package_data={package_name: ["judging/service/page.html"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="Grasping stack maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="The robot, its camera and the objects in pyBullet, behind the topics and actions of the real ones.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "simulated_robot = grasp_sim.nodes.simulated_robot:main",
        ],
    },
)
